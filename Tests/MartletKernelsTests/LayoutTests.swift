import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct LayoutTests {
  struct Order: Sendable {
    var extents: [Int], order: [Int]
  }

  /// Images between the two formats around the size of a tile, and orders of every kind.
  private static let orders = [
    Order(extents: [3, 5, 7], order: [1, 2, 0]), Order(extents: [5, 7, 3], order: [2, 0, 1]),
    Order(extents: [16, 4, 4], order: [1, 2, 0]), Order(extents: [17, 3, 11], order: [1, 2, 0]),
    Order(extents: [33, 15], order: [1, 0]), Order(extents: [15, 33], order: [1, 0]),
    Order(extents: [4, 5, 6], order: [0, 2, 1]), Order(extents: [4, 5, 6], order: [1, 0, 2]),
    Order(extents: [4, 5, 6], order: [2, 1, 0]), Order(extents: [4, 5, 6], order: [0, 1, 2]),
    Order(extents: [2, 3, 4, 5], order: [3, 0, 2, 1]),
    Order(extents: [1, 7, 1], order: [2, 0, 1]),
    Order(extents: [2, 1, 3, 1], order: [3, 2, 1, 0]), Order(extents: [], order: []),
    Order(extents: [9], order: [0]), Order(extents: [1], order: [0]),
  ]

  @Test(arguments: KernelSelection.available, orders)
  func permutationsEqualTheirTwins(_ kernels: Kernels, _ order: Order) {
    let count = order.extents.reduce(1, *)
    let values = (0..<count).map(Float.init)
    let steps = order.extents.indices.map { axis in
      order.extents[(axis + 1)...].reduce(1, *)
    }
    let y = GuardedFloats(count: count)
    kernels.layout.permute(
      GuardedFloats(values).source, order.order.map { steps[$0] } + [0], y.pointer,
      order.order.map { order.extents[$0] } + [0], order.extents.count)
    let expected = PlainLayout.permute(values, extents: order.extents, order: order.order)
    #expect(y.values == expected, "\(order)")
    y.expectGuards("\(order)")
  }

  @Test func twinByHand() {
    #expect(
      PlainLayout.permute([1, 2, 3, 4, 5, 6], extents: [2, 3], order: [1, 0])
        == [1, 4, 2, 5, 3, 6])
  }
}
