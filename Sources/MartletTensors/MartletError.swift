/// Everything that can go wrong, with the message a user reads: the layer or argument, what was
/// expected, what was given, and the cure.
public struct MartletError: Error, Equatable, CustomStringConvertible {
  /// What sort of mistake it was.
  public enum Kind: CaseIterable, Sendable {
    /// A value that does not fit: shapes, ranges, unknown names.
    case invalidArgument
    /// A value of the wrong kind altogether, such as text where a number belongs.
    case invalidType
    /// A call out of order, such as training before compiling.
    case invalidState
    /// The loss or the data is NaN or infinite.
    case notFinite
    /// The system has no memory left for what was asked.
    case outOfMemory
    /// A callback asked to stop.
    case stopped
    /// A file that the system refuses, or that is cut short or damaged.
    case file
  }

  /// What sort of mistake it was.
  public let kind: Kind
  /// One sentence for people: where, what was expected, what was given, and the cure.
  public let message: String
  public var description: String { message }

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package static func invalidArgument(_ message: String) -> MartletError {
    MartletError(.invalidArgument, message)
  }

  /// The same error, said of a layer: `layer 'conv2d': …`.
  package func inLayer(_ name: String) -> MartletError {
    MartletError(kind, "layer '\(name)': \(message)")
  }
}
