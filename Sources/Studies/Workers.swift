// Many independent jobs on several tasks, their results in the order of the jobs, whatever finishes first.

enum Workers {
  /// Does jobs `0..<count` on `workers` tasks. They are dealt out in turn, since neighbours take alike long.
  static func run<R: Sendable>(_ count: Int, workers: Int, _ job: @escaping @Sendable (Int) -> R) async -> [R] {
    precondition(workers > 0, "no workers")
    return await withTaskGroup(of: [(Int, R)].self) { group in
      for worker in 0..<min(workers, count) {
        group.addTask { stride(from: worker, to: count, by: workers).map { ($0, job($0)) } }
      }
      var all: [(Int, R)] = []
      for await part in group { all += part }
      return all.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
