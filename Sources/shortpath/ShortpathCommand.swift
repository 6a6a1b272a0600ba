// The command line's front door: the commands, and what all of them say about themselves.
import ArgumentParser
import ScenarioModel

/// `shortpath`
@main
struct ShortpathCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shortpath",
    abstract: "Which path will this remote-desktop session take, how fast, and why?",
    discussion: """
      Runs Azure Virtual Desktop's connection sequence over a simulated network, in virtual time. The same scenario and seed \
      give the same bytes on every machine.

      Examples:
        shortpath new home-worker                          write a scenario to begin with
        shortpath run Scenarios/documented                 run a folder, print a table, store everything
        shortpath run FILE --set links.transit.delay=40ms  the same with something changed
        shortpath explain FILE                             steps, attempts, what stopped them, why the winner won
        shortpath trace FILE --record 1193                 a packet hop by hop, and what led to it
        shortpath whatif FILE --set PATH=VALUE             only what that would change, for every session
        shortpath whatif FILE --fix "transport public"     the smallest changes that would reach a goal
        shortpath compare FILE --across nat=A,B            which transport each variation selects
        shortpath capture FILE --at alice                  packets with their fates, for Wireshark
        shortpath matrix --kinds rfc4787                   every kind of NAT against every other
        shortpath codes nat-filtered                       what a code means and how to fix it
        shortpath dissect trace.pcapng                     what a capture shows, also one from the field
        shortpath check FILE                               look for mistakes without running
        shortpath test                                     hold all of Scenarios against their committed baselines

      Exit codes: 0 all held; 1 an expectation or a baseline failed, or undecided; 64 usage; 65 a mistake in a scenario, or no \
      capture; 66 no such input; 70 a bug of ours; 74 a file could not be read or written.
      """,
    version: "shortpath model \(ModelVersion.current)",
    subcommands: [
      RunCommand.self, ExplainCommand.self, TraceCommand.self, WhatIfCommand.self, CompareCommand.self, CaptureCommand.self,
      DissectCommand.self, MatrixCommand.self, TestCommand.self, ReviewCommand.self, AcceptCommand.self, RejectCommand.self,
      NewCommand.self, CheckCommand.self, ResolveCommand.self, SchemaCommand.self, PresetsCommand.self, CodesCommand.self,
    ])
}
