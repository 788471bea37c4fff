// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@c(martlet_text_release) @implementation
public func martlet_text_release(_ text: UnsafeMutablePointer<CChar>?) { free(text) }

/// Texts that live as long as the process.
enum Constant {
  static var empty: UnsafePointer<CChar> { text("") }

  /// Never freed: for values made once.
  static func text(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

/// A copy that `martlet_text_release` frees.
func createText(_ text: String) throws(MartletError) -> UnsafeMutablePointer<CChar> {
  guard let copy = strdup(text) else {
    throw MartletError(.outOfMemory, "no memory for a text of \(text.utf8.count) bytes")
  }
  return copy
}

/// The caller's text.
///
/// - Throws: `invalidArgument` for NULL or bytes that are not UTF-8.
func text(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(MartletError) -> String {
  let pointer = try notNull(pointer, name)
  guard let text = String(validatingCString: pointer) else {
    throw .invalidArgument("\(name) is not UTF-8")
  }
  return text
}

/// The caller's text, `nil` for NULL.
func optionalText(
  _ pointer: UnsafePointer<CChar>?, _ name: StaticString
) throws(MartletError) -> String? {
  pointer == nil ? nil : try text(pointer, name)
}

func notNull<Value>(_ value: Value?, _ name: StaticString) throws(MartletError) -> Value {
  guard let value else { throw .invalidArgument("\(name) must not be NULL") }
  return value
}

/// Names that a handle gives out as C texts, each made once and freed with the handle.
final class TextTable: @unchecked Sendable {
  private let lock = Lock()
  private var texts: [String: UnsafeMutablePointer<CChar>] = [:]

  /// "" where there is no memory.
  func view(_ text: String) -> UnsafePointer<CChar> {
    lock.withLock {
      if let known = texts[text] { return UnsafePointer(known) }
      guard let made = strdup(text) else { return Constant.empty }
      texts[text] = made
      return UnsafePointer(made)
    }
  }

  deinit {
    for text in texts.values { free(text) }
  }
}
