// A slab for plain values: dense indices, stable addresses, no allocation once it has grown.

/// Values in chunks of 1024 that never move, so that a pointer stays valid while the pool grows.
public struct ChunkedPool<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  @usableFromInline var chunkCount = 0
  @usableFromInline var chunkCapacity = 4
  /// For each index the free one below it, or `inUse`.
  @usableFromInline var links: UnsafeMutablePointer<UInt32>
  @usableFromInline var firstFree: UInt32
  @usableFromInline var used: UInt32 = 0
  @usableFromInline var live = 0

  @inlinable static var chunkShift: UInt32 { 10 }
  @inlinable static var inUse: UInt32 { .max }
  @inlinable static var bottom: UInt32 { .max - 1 }

  /// An empty pool; it allocates when first used.
  @inlinable public init() {
    chunks = .allocate(capacity: 4)
    links = .allocate(capacity: 4 << 10)
    firstFree = .max - 1
  }

  deinit {
    for i in 0..<chunkCount { chunks[i].deallocate() }
    chunks.deallocate()
    links.deallocate()
  }

  /// The number of elements allocated and not freed.
  @inlinable public var liveCount: Int { live }

  /// The index of an element that the caller must initialise; the last freed is reused first.
  @inlinable public mutating func allocate() -> UInt32 {
    live &+= 1
    var index = firstFree
    if index != Self.bottom {
      firstFree = links[Int(index)]
    } else {
      index = used
      if Int(index) == chunkCount << Int(Self.chunkShift) { grow() }
      used &+= 1
    }
    links[Int(index)] = Self.inUse
    return index
  }

  /// Gives an element back.
  @inlinable public mutating func free(_ index: UInt32) {
    precondition(index < used && links[Int(index)] == Self.inUse, "a pool element freed that is not in use")
    links[Int(index)] = firstFree
    firstFree = index
    live &-= 1
  }

  /// The element's address, valid until it is freed.
  @inlinable public subscript(index: UInt32) -> UnsafeMutablePointer<Element> {
    @inline(__always) get {
      assert(index < used && links[Int(index)] == Self.inUse, "a pool element that is not in use")
      return chunks[Int(index &>> Self.chunkShift)] + Int(index & (1 &<< Self.chunkShift &- 1))
    }
  }

  @inlinable @inline(never) mutating func grow() {
    if chunkCount == chunkCapacity {
      let moreChunks = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: chunkCapacity * 2)
      moreChunks.update(from: chunks, count: chunkCount)
      chunks.deallocate()
      chunks = moreChunks
      let moreLinks = UnsafeMutablePointer<UInt32>.allocate(capacity: chunkCapacity * 2 << Int(Self.chunkShift))
      moreLinks.update(from: links, count: Int(used))
      links.deallocate()
      links = moreLinks
      chunkCapacity *= 2
    }
    chunks[chunkCount] = .allocate(capacity: 1 << Int(Self.chunkShift))
    chunkCount += 1
  }
}
