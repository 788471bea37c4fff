/// The sum of its inputs. Shapes broadcast, sample by sample.
public final class Add: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Add", name, [:])
  }
}

/// The first of two inputs less the second. Shapes broadcast, sample by sample.
public final class Subtract: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Subtract", name, [:])
  }
}

/// The product of its inputs, element by element. Shapes broadcast, sample by sample.
public final class Multiply: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Multiply", name, [:])
  }
}

/// The mean of its inputs. Shapes broadcast, sample by sample.
public final class Average: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Average", name, [:])
  }
}

/// The greatest of its inputs, element by element. Shapes broadcast, sample by sample.
public final class Maximum: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Maximum", name, [:])
  }
}

/// The least of its inputs, element by element. Shapes broadcast, sample by sample.
public final class Minimum: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Minimum", name, [:])
  }
}

/// Its inputs side by side along one axis; the other extents must agree.
public final class Concatenate: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: The axis, the batch being 0.
  ///   - name: `nil` for an automatic one.
  public init(axis: Int = -1, name: String? = nil) {
    super.init("Concatenate", name, ["axis": axis])
  }
}
