// Quantities as scenarios write them: exact, in the largest unit that needs no fraction.
public import SimulationKernel

/// `value` in the largest of `units` that divides it; zero in the first.
private func written(_ value: Int64, _ units: [(size: Int64, name: String)]) -> String {
  let unit = units.first { value % $0.size == 0 } ?? units[units.count - 1]
  return "\(value / unit.size) \(unit.name)"
}

extension SimDuration {
  /// As a scenario writes it, exact to the nanosecond: `14250 us`.
  public var written: String {
    ScenarioModel.written(nanoseconds, [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")])
  }
}

extension SimTime {
  /// The time from the scenario's 0 s, as a scenario writes it.
  public var written: String { SimDuration(nanoseconds: nanoseconds).written }
}

extension BitRate {
  /// As a scenario writes it: `100 Mbps`.
  public var written: String {
    ScenarioModel.written(bitsPerSecond, [(1_000_000_000, "Gbps"), (1_000_000, "Mbps"), (1_000, "kbps"), (1, "bit/s")])
  }
}

extension ByteCount {
  /// As a scenario writes it: `256 KiB`.
  public var written: String {
    bytes == 0 ? "0 B" : ScenarioModel.written(bytes, [(1_048_576, "MiB"), (1_024, "KiB"), (1, "B")])
  }
}

extension Probability {
  /// As a scenario writes it, in percent: `0.001 %`.
  public var written: String {
    let whole = partsPerBillion / 10_000_000
    var fraction = String(partsPerBillion % 10_000_000)
    fraction = String(repeating: "0", count: 7 - fraction.count) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    return fraction.isEmpty ? "\(whole) %" : "\(whole).\(fraction) %"
  }
}
