// Refusals of explicit proxies and of those who go through them: every message with its place.

let refusedProxies: [Refusal] = [
  Refusal(
    "a proxy that is none, and one nobody knows",
    lines: """
      networks: { office: {} }
      hosts:
        a: { role: client, network: office, proxy: b }
        b: { role: client, network: office, proxy: { through: corp-prox } }
        corp-proxy: { role: proxy, network: office }
      """,
    """
    4:46: what others go through must be a proxy; 'b' has the role client
    5:39: there is no host 'corp-prox' (did you mean 'corp-proxy'?); known: a, b, corp-proxy
    """),
  Refusal(
    "settings of a proxy at others, and a proxy that goes through one",
    lines: """
      networks: { office: {} }
      hosts:
        a: { role: client, network: office, forward-proxy: { port: 3128 } }
        b: { role: proxy, network: office, proxy: c }
        c: { role: proxy, network: office, forward-proxy: { idle: 0 s, authentication: basic } }
      """,
    """
    4:39: only a proxy has these settings; 'a' has the role client
    5:45: only a client or session-host goes through a proxy; 'b' has the role proxy
    6:61: a tunnel may be quiet for longer than no time at all
    6:82: expected one of none, required; found 'basic'
    """),
  Refusal(
    "destinations that are no service",
    lines: """
      networks: { office: {} }
      hosts:
        a: { role: client, network: office, proxy: { through: c, except: [gateway-service, stun] } }
        c: { role: proxy, network: office, forward-proxy: { allows: [feeds] } }
      """,
    """
    4:86: there is no service reached over TCP 'stun'; known: directory, feed, broker, gateway-service
    5:64: there is no service reached over TCP 'feeds' (did you mean 'feed'?); known: directory, feed, broker, gateway-service
    """),
]
