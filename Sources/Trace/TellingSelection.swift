// The sentences of the story that the selection rule's laws are judged from.
public import SimulationKernel
public import Wire

extension Recorder {
  /// The host at `node` has offered UDP: this request is outstanding.
  public func offer(requestID: UInt32, cookie: Secret, at node: NodeID, of connection: Correlation) {
    var record = self.record(.offer, at: node, of: connection)
    record.value = Int64(requestID)
    record.extra = Int64(bitPattern: cookie.hashed.id)
    tell(record)
  }

  /// The host at `node` judged what `remote` asked for on `transport`.
  public func tunnelRequest(
    _ verdict: TunnelVerdict, requestID: UInt32, cookie: Secret, on transport: Transport, from remote: Endpoint,
    at node: NodeID, of connection: Correlation
  ) {
    var record = self.record(.tunnelRequest, at: node, of: connection, on: transport)
    record.code = UInt16(verdict.rawValue)
    record.from = remote
    record.value = Int64(requestID)
    record.extra = Int64(bitPattern: cookie.hashed.id)
    tell(record)
  }

  /// The client at `node` has accepted its host's certificate on `transport`.
  public func certificate(_ key: Secret, on transport: Transport, at node: NodeID, of connection: Correlation) {
    var record = self.record(.certificate, at: node, of: connection, on: transport)
    record.value = Int64(bitPattern: key.id)
    tell(record)
  }

  /// The controlling agent at `node` will have this pair nominated.
  public func choice(pair row: Int, roundTrip: SimDuration?, at node: NodeID, of connection: Correlation) {
    var record = self.record(.choice, at: node, of: connection, on: .public)
    record.pair = UInt16(row)
    record.value = roundTrip?.nanoseconds ?? -1
    tell(record)
  }

  /// The end at `node` sends or reads channels on `transport` from here on, and did so with `bytes` on the transport before.
  public func channelsMoved(
    reading: Bool, to transport: Transport, after bytes: UInt64, at node: NodeID, of connection: Correlation
  ) {
    var record = self.record(.channelsMoved, at: node, of: connection, on: transport)
    record.code = reading ? 1 : 0
    record.value = Int64(bytes)
    tell(record)
  }

  private func record(
    _ kind: RecordKind, at node: NodeID, of connection: Correlation, on transport: Transport = .reverseConnect
  ) -> Record {
    var record = Record(kind: kind, node: node)
    record.session = connection.session
    record.detail = connection.generation
    record.attempt = transport
    return record
  }
}
