// Refusals of mishaps, bursts and workloads: every message with its place.

let refusedLosses: [Refusal] = [
  Refusal(
    "a mishap of an unknown direction",
    lines: """
      networks: { a: {}, b: {} }
      links: { transit: { between: [a, b] } }
      mishaps:
        - { link: links.transit.bakc, packet: 3 }
      """,
    """
    5:13: there is no direction of a link 'links.transit.bakc' (did you mean 'links.transit.back'?); known: links.transit.there, links.transit.back
    """),
  Refusal(
    "a packet that is none, and one with two fates",
    lines: """
      networks: { a: {}, b: {} }
      links: { l: { between: [a, b] } }
      mishaps:
        - { link: links.l.back, packet: 0 }
        - { link: links.l.back, packet: 2 }
        - { link: links.l.back, packet: 2, fate: doubled }
      """,
    """
    5:35: expected a whole number from 1 to 9223372036854775807; found '0'
    7:5: packet 2 of links.l.back meets another mishap already
    """),
  Refusal(
    "a delay without its length, and a length without a delay",
    lines: """
      networks: { a: {}, b: {} }
      links: { l: { between: [a, b] } }
      mishaps:
        - { link: links.l.back, packet: 1, fate: delayed }
        - { link: links.l.there, packet: 1, by: 2 ms }
      """,
    """
    5:5: a mishap needs the key 'by'
    6:43: 'by' says how much later a delayed packet comes; this one is lost
    """),
  Refusal(
    "a mishap lifted while the world runs",
    lines: """
      networks: { a: {}, b: {} }
      links: { l: { between: [a, b] } }
      mishaps: [ { link: links.l.back, packet: 1 } ]
      events: [ { at: 1 s, lift: links.l.back.packets.1 } ]
      """,
    """
    5:28: 'links.l.back.packets.1' is one packet's mishap, which cannot be lifted while the world runs
    """),
  Refusal(
    "bursts without good time between them",
    lines: """
      networks: { a: {}, b: {} }
      links: { l: { between: [a, b], loss: 90 %, burst: 10 ms } }
      """,
    """
    3:51: losses in bursts are at most 87.5 % of the time; found 90 %
    """),
  Refusal(
    "a workload that is none, and one without a beat",
    lines: """
      networks: { a: {}, b: { nat: azure-public-ip } }
      hosts: { alice: { role: client, network: a }, sh-1: { role: session-host, network: b } }
      sessions:
        - { client: alice, host: sh-1, workload: hevy }
        - { client: alice, host: sh-1, workload: { every: 0 s } }
      """,
    """
    5:44: expected one of modest, light, medium, heavy, power; found 'hevy' (did you mean 'heavy'?)
    6:53: expected a duration above 0 s; found '0 s'
    """),
]
