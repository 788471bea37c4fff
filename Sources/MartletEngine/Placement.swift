import MartletTensors

/// Puts buffers that are never alive at the same time into the same memory.
package struct Placement {
  package struct Request {
    let byteCount: Int
    /// First and last moment at which the buffer holds something.
    let first: Int
    let last: Int

    package init(byteCount: Int, first: Int, last: Int) {
      self.byteCount = byteCount
      self.first = first
      self.last = last
    }
  }

  /// Byte offset of each request, aligned for vectors.
  package let offsets: [Int]
  package let byteCount: Int

  /// Greedy by size: each buffer, the largest first, takes the lowest gap between those already
  /// placed that are alive at the same time (Pisarchyk & Lee 2020, arXiv:2001.03288, find this
  /// within a few percent of the best).
  package init(_ requests: [Request]) {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    var end = 0
    let bySize = requests.indices.sorted {
      (requests[$0].byteCount, requests[$1].first, $1)
        > (requests[$1].byteCount, requests[$0].first, $0)
    }
    for index in bySize {
      let request = requests[index]
      let size = Placement.aligned(request.byteCount)
      let neighbours =
        placed
        .filter { requests[$0].first <= request.last && request.first <= requests[$0].last }
        .map { (start: offsets[$0], end: offsets[$0] + Placement.aligned(requests[$0].byteCount)) }
        .sorted { $0 < $1 }
      var offset = 0
      for neighbour in neighbours {
        if offset + size <= neighbour.start { break }
        offset = max(offset, neighbour.end)
      }
      offsets[index] = offset
      placed.append(index)
      end = max(end, offset + size)
    }
    self.offsets = offsets
    byteCount = end
  }

  private static func aligned(_ byteCount: Int) -> Int {
    (byteCount + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  }
}
