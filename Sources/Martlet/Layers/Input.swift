import MartletGraph
import MartletTensors

/// The place where data enters a model: the shape of one sample, without the batch.
///
/// ```swift
/// let image = Input(28, 28, 1)
/// let y = try Conv2D(filters: 8, kernelSize: 3)(image)
/// ```
///
/// `nil` leaves a size open: `Input(nil, nil, 3)` takes images of any height and width.
public final class Input: Layer, GraphValue, @unchecked Sendable {
  private let lock = Lock()
  private var made: Symbol?

  /// - Parameters:
  ///   - extents: Of one sample; `nil` for those left open.
  ///   - name: `nil` for an automatic one.
  public convenience init(_ extents: Int?..., name: String? = nil) {
    self.init(shape: extents, name: name)
  }

  /// - Parameters:
  ///   - shape: Of one sample; `nil` for extents left open.
  ///   - name: `nil` for an automatic one.
  public init(shape: [Int?], name: String? = nil) {
    super.init("InputLayer", name, ["shape": shape])
  }

  /// The tensor to be.
  public var symbol: Symbol {
    get throws(MartletError) {
      try lock.withLock { () throws(MartletError) in
        if let made { return made }
        let symbol = try outputs(for: [])[0]
        made = symbol
        return symbol
      }
    }
  }
}
