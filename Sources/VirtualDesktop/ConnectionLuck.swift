// Every connection of a session draws its own keys, ports and luck: what met the last one says nothing about the next.
import SimulationKernel

/// What a draw is about, for the connection that has `generation` others of its session before it.
func luck(_ subject: UInt64, generation: Int) -> UInt64 { generation == 0 ? subject : mix(subject, UInt64(generation)) }
