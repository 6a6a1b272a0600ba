// What RDP's PDUs travel in.

/// The base connection, with TPKT, X.224 and MCS around each PDU, or a multitransport tunnel, with MS-RDPEMT's header.
public enum RDPFrame: Hashable, Sendable, CaseIterable { case base, tunnel }
