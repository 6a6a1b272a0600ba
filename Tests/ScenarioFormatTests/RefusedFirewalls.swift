// Refusals of firewalls: priorities, states, profiles, times; every message with its place.

let refusedFirewalls: [Refusal] = [
  Refusal(
    "priorities that are taken, out of range, or of no use",
    lines: """
      networks:
        a:
          firewall:
            preset: network-security-group
            rules:
              - { name: one, priority: 200, action: drop, direction: inbound }
              - { name: two, priority: 200, action: accept, direction: outbound }
              - { name: three, priority: 200, action: accept }
              - { name: four, priority: 99, action: accept }
              - { name: five, priority: 65000, action: accept, direction: inbound }
              - { name: six, priority: high, action: accept }
        b: { firewall: { rules: [ { name: x, action: drop, priority: 100 } ] } }
      """,
    """
    9:36: 'one' has the priority 200 already; each is given once in a direction
    10:35: a rule's priority is 100 to 4096, behind which the default rules stand; found 99
    11:35: a rule's priority is 100 to 4096, behind which the default rules stand; found 65000
    12:34: expected a whole number from 0 to 65535; found 'high'
    13:64: this firewall judges its rules in the order written; write order: priority
    """),
  Refusal(
    "states nobody knows or nobody sees",
    lines: """
      networks:
        a: { firewall: { stateful: off, rules: [ { name: x, action: drop, state: new } ] } }
        b: { firewall: { rules: [ { name: y, action: drop, state: [established, related] }, { name: z, action: drop, state: new } ] } }
        c: { firewall: { stateful: rules, rules: [ { name: x, action: drop, state: [] }, { name: y, action: drop, state: old } ] } }
        d: { firewall: { stateful: sometimes } }
      """,
    """
    3:76: nothing is tracked here, so no packet has a state; write stateful: rules
    4:54: with stateful: on, packets of known flows pass before any rule is asked; write stateful: rules
    5:71: a rule is about one state at least; allowed: new, established, related, invalid
    5:116: expected one of new, established, related, invalid; found 'old'
    6:30: expected one of on, off, rules; found 'sometimes'
    """),
  Refusal(
    "profiles without one, times of nothing, and a delay at a host",
    lines: """
      networks:
        a: { firewall: { rules: [ { name: x, action: drop, profiles: [domain] } ] } }
        b: { firewall: { stateful: off, udp-idle: 3 s } }
        c: { firewall: { tcp-idle: 0 s, udp-unanswered-idle: 0 s } }
      hosts:
        h: { role: idle, network: a, firewall: { preset: windows-firewall, profile: home, delay: 1 ms } }
        g: { role: tunnel-gateway, network: a, firewall: { inbound-refresh: off } }
      """,
    """
    3:54: a rule is for some profiles where its firewall has one; write profile: domain, private or public
    4:8: nothing is remembered of flows where stateful is off: leave out idle times, inbound-refresh and mid-stream
    5:30: a flow is remembered for longer than no time at all
    5:56: a flow is remembered for longer than no time at all
    7:79: expected one of domain, private, public, none; found 'home'
    7:92: a host's firewall takes no time; a network's or a tunnel gateway's can
    8:71: a tunnel gateway has no inside: everything it judges comes in
    """),
]
