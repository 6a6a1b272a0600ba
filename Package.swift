// swift-tools-version: 6.2
// The house of the Shortpath simulator: one target a room, arrows one way (see README, "The rooms").
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  // Debug builds check exclusive access to class properties at run time, release builds do not: it was a fifth of a session's
  // instructions, and `@exclusivity(unchecked)` on a property holds only within its own module.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A room of the house: a library target with the house's settings.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "shortpath",
  products: [.executable(name: "shortpath", targets: ["shortpath"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    room("SimulationKernel"),
    room("Wire", ["SimulationKernel"]),
    room("WireCodec", ["SimulationKernel", "Wire", .product(name: "Crypto", package: "swift-crypto")]),
    room("Dissection", ["SimulationKernel", "Wire", "WireCodec"]),
    room("Trace", ["SimulationKernel", "Wire"]),
    room("NetworkModel", ["SimulationKernel", "Wire", "Trace"]),
    room("Protocols", ["SimulationKernel", "Wire", "Trace"]),
    room("HostStack", ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols"]),
    room("VirtualDesktop", ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack"]),
    room(
      "ScenarioModel",
      ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack", "VirtualDesktop"]),
    room(
      "ScenarioFormat",
      ["SimulationKernel", "Wire", "Trace", "NetworkModel", "ScenarioModel", .product(name: "Yams", package: "Yams")]),
    room(
      "Simulation",
      [
        "SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack", "VirtualDesktop",
        "ScenarioModel",
      ]),
    room(
      "Studies", ["SimulationKernel", "Wire", "Trace", "NetworkModel", "VirtualDesktop", "ScenarioModel", "Simulation"]),
    room(
      "Captures",
      ["SimulationKernel", "Wire", "WireCodec", "Trace", "NetworkModel", "Protocols", "ScenarioModel", "Simulation"]),
    room(
      "ResultStore",
      [
        "SimulationKernel", "Wire", "Trace", "ScenarioModel", "Simulation", "Studies",
        .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    room(
      "Reports",
      [
        "SimulationKernel", "Wire", "Dissection", "Trace", "NetworkModel", "ScenarioModel", "Simulation", "Studies", "Captures",
      ]),
    .executableTarget(
      name: "shortpath",
      dependencies: [
        "SimulationKernel", "Wire", "Dissection", "Trace", "ScenarioModel", "ScenarioFormat", "Simulation", "Studies",
        "ResultStore", "Reports", "Captures",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "Bench",
      dependencies: [
        "SimulationKernel", "Wire", "Trace", "NetworkModel", "ScenarioModel", "ScenarioFormat", "Simulation", "ResultStore",
      ],
      path: "Benchmarks/Bench", swiftSettings: strict),
    tests(of: "SimulationKernel", ["SimulationKernel"]),
    tests(
      of: "ScenarioFormat",
      [
        "SimulationKernel", "Wire", "NetworkModel", "ScenarioModel", "ScenarioFormat", .product(name: "Yams", package: "Yams"),
      ]),
    tests(
      of: "Simulation",
      [
        "SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack", "VirtualDesktop", "ScenarioModel",
        "ScenarioFormat", "Simulation",
      ]),
    tests(
      of: "Studies",
      ["SimulationKernel", "Wire", "Trace", "NetworkModel", "ScenarioModel", "ScenarioFormat", "Simulation", "Studies"]),
    tests(of: "House", []),
    tests(
      of: "Coverage",
      [
        "SimulationKernel", "Wire", "Trace", "NetworkModel", "ScenarioModel", "ScenarioFormat", "Simulation", "Studies",
        "Reports",
      ]),
    tests(
      of: "ResultStore",
      [
        "SimulationKernel", "Wire", "Trace", "ScenarioModel", "Simulation", "Studies", "ResultStore",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    tests(
      of: "Reports",
      ["SimulationKernel", "Wire", "Trace", "NetworkModel", "ScenarioModel", "Simulation", "Studies", "Reports"]),
    .target(
      name: "TestWorlds", dependencies: ["SimulationKernel", "Wire", "Trace", "NetworkModel"], path: "Tests/TestWorlds",
      swiftSettings: strict),
    tests(of: "NetworkModel", ["SimulationKernel", "Wire", "Trace", "NetworkModel", "TestWorlds"]),
    tests(
      of: "Captures",
      [
        "SimulationKernel", "Wire", "WireCodec", "Trace", "NetworkModel", "ScenarioModel", "ScenarioFormat", "Simulation",
        "Captures",
      ]),
    tests(of: "WireCodec", ["SimulationKernel", "Wire", "WireCodec"]),
    tests(of: "Dissection", ["SimulationKernel", "Wire", "WireCodec", "Dissection"]),
    tests(of: "HostStack", ["SimulationKernel", "Wire", "Trace", "NetworkModel", "Protocols", "HostStack", "TestWorlds"]),
    tests(of: "Protocols", ["SimulationKernel", "Wire", "Trace", "Protocols"]),
  ]
)
