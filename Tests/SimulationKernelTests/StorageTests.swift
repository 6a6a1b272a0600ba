// The flat table against Dictionary; the pool and the handle store with their misuse.
import SimulationKernel
import Testing

/// A key whose hash lets many keys share one home.
private struct Clustered: FlatKey {
  var id: UInt32
  var spread: UInt32
  var flatHash: UInt64 { UInt64(id % spread) }
}

private final class Witness {}

@Suite struct FlatTableTests {
  @Test("any program of insertions, changes and removals gives what Dictionary gives", arguments: [1, 2, 7, 64, 100_000])
  func agreesWithDictionary(spread: UInt32) {
    var words = Words(UInt64(spread))
    var table = FlatTable<Clustered, Int64>()
    var model: [Clustered: Int64] = [:]
    let range: UInt64 = spread < 64 ? 60 : 3_000
    for step in 0..<30_000 as Range<Int64> {
      let key = Clustered(id: UInt32(words.below(range)), spread: spread)
      switch words.below(9) {
      case 0...2: #expect(table.insert(step, for: key) == model.updateValue(step, forKey: key))
      case 3...5: #expect(table.remove(key) == model.removeValue(forKey: key))
      case 6:
        let changed: Int64? = table.withValue(for: key) { value in
          value += 1
          return value
        }
        if let old = model[key] { model[key] = old + 1 }
        #expect(changed == model[key])
      default: #expect(table[key] == model[key])
      }
      if step % 5_000 == 4_999 {
        let before = model.count
        model = model.filter { $0.value % 3 != 0 }
        var asked = 0
        let removed = table.removeAll { _, value in
          asked += 1
          return value % 3 == 0
        }
        #expect(removed == before - model.count && asked == before)
      }
      #expect(table.count == model.count)
    }
    for id in 0..<UInt32(range) {
      let key = Clustered(id: id, spread: spread)
      #expect(table[key] == model[key])
    }
    table.removeAll()
    #expect(table.isEmpty && table[Clustered(id: 1, spread: spread)] == nil)
  }

  @Test("keys whose hash is zero, and whole numbers, are ordinary keys")
  func plainKeys() {
    var table = FlatTable<UInt64, UInt32>(minimumCapacity: 100)
    for n in 0..<100 as Range<UInt64> { table.insert(UInt32(n), for: n << 56) }
    #expect(table.count == 100 && table[0] == 0 && table[99 << 56] == 99 && table[1] == nil)
  }
}

@Suite struct PoolTests {
  @Test("an address stays valid while the pool grows, and the last freed index is reused first")
  func stableAndLastInFirstOut() {
    var pool = ChunkedPool<UInt64>()
    let first = pool.allocate()
    let address = pool[first]
    address.pointee = 42
    var indices: [UInt32] = []
    for n in 0..<10_000 as Range<UInt64> {
      indices.append(pool.allocate())
      pool[indices[indices.count - 1]].pointee = n
    }
    #expect(pool[first] == address && address.pointee == 42)
    #expect(indices.enumerated().allSatisfy { pool[$1].pointee == UInt64($0) })
    pool.free(indices[5])
    pool.free(indices[3])
    #expect(pool.liveCount == 9_999)
    #expect(pool.allocate() == indices[3] && pool.allocate() == indices[5])
    #expect(pool.allocate() == 10_001)
  }

  @Test("freeing twice stops the run")
  func doubleFree() async {
    await #expect(processExitsWith: .failure) {
      var pool = ChunkedPool<UInt64>()
      let index = pool.allocate()
      pool.free(index)
      pool.free(index)
    }
  }
}

@Suite struct HandleStoreTests {
  @Test("an element ends with its last share, and is then let go")
  func shares() {
    var store = HandleStore<Witness>()
    weak var seen: Witness?
    let handle: (index: UInt32, generation: UInt32)
    do {
      let witness = Witness()
      seen = witness
      handle = store.insert(witness)
    }
    store.retain(handle.index, handle.generation)
    #expect(store.release(handle.index, handle.generation) == nil)
    #expect(seen != nil && store.liveCount == 1)
    #expect(store.release(handle.index, handle.generation) != nil)
    #expect(seen == nil && store.liveCount == 0 && !store.isLive(handle.index, handle.generation))
  }

  @Test("a reused row has another generation, and elements survive growth")
  func reuse() {
    var store = HandleStore<String>()
    let handles = (0..<100).map { store.insert("message \($0)") }
    #expect(handles.enumerated().allSatisfy { store[$1.index, $1.generation] == "message \($0)" })
    #expect(store.remove(handles[4].index, handles[4].generation) == "message 4")
    let again = store.insert("other")
    #expect(again.index == handles[4].index && again.generation != handles[4].generation)
    store.withElement(again.index, again.generation) { $0 += " one" }
    #expect(store[again.index, again.generation] == "other one" && store.liveCount == 100)
  }

  @Test("what is left when the store goes is let go with it")
  func storeEnds() {
    weak var seen: Witness?
    do {
      var store = HandleStore<Witness>()
      let witness = Witness()
      seen = witness
      _ = store.insert(witness)
    }
    #expect(seen == nil)
  }

  @Test("reading, releasing or removing by a stale handle, and removing what is shared, stop the run")
  func staleHandles() async {
    await #expect(processExitsWith: .failure) {
      var store = HandleStore<Int>()
      let (index, generation) = store.insert(1)
      store.remove(index, generation)
      _ = store.insert(2)
      _ = store[index, generation]
    }
    await #expect(processExitsWith: .failure) {
      var store = HandleStore<Int>()
      let (index, generation) = store.insert(1)
      store.release(index, generation)
      store.release(index, generation)
    }
    await #expect(processExitsWith: .failure) {
      var store = HandleStore<Int>()
      let (index, generation) = store.insert(1)
      store.remove(index, generation)
      store.retain(index, generation + 1)  // the generation of the empty row itself
    }
    await #expect(processExitsWith: .failure) {
      var store = HandleStore<Int>()
      let (index, generation) = store.insert(1)
      store.retain(index, generation)
      store.remove(index, generation)
    }
  }
}
