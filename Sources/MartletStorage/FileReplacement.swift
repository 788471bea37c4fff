import MartletTensors
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that takes the place of another when it is finished. It stands beside its place until then: if
/// the disk is full, or the process ends, what was there stays what it was.
final class FileReplacement {
  private let path: String
  private let target: String
  private let beside: String
  private var descriptor: Int32

  /// Two threads that write one file do not meet in it.
  private static let numbers = Atomic<Int>(0)

  /// - Parameter path: Of the file to be. Its folder must exist. A link is followed.
  /// - Throws: `file`.
  init(of path: String) throws(MartletError) {
    let target = FileReplacement.resolved(path)
    var existing = stat()
    if stat(target, &existing) == 0, existing.st_mode & S_IFMT != S_IFREG {
      throw MartletError(
        .file, "'\(path)' could not be written: there is something else than a file")
    }
    let number = FileReplacement.numbers.add(1, ordering: .relaxed).oldValue
    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/")).map { target.index(after: $0) }
    let start = slash ?? target.startIndex
    let beside = "\(target[..<start]).\(target[start...]).\(getpid())-\(number).new"
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileReplacement.failure(path) }
    self.path = path
    self.target = target
    self.beside = beside
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    // Where it has taken its place, there is nothing of that name any more.
    unlink(beside)
  }

  /// - Throws: `file`, where the disk is full, for one.
  func write(_ bytes: UnsafeRawBufferPointer) throws(MartletError) {
    // More than 2³¹ bytes at once is more than some systems take.
    let largest = 1 << 30
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, rest.baseAddress, min(rest.count, largest))
      #elseif canImport(Musl)
        let written = Musl.write(descriptor, rest.baseAddress, min(rest.count, largest))
      #else
        let written = Darwin.write(descriptor, rest.baseAddress, min(rest.count, largest))
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw FileReplacement.failure(path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Puts the file in its place.
  func finish() throws(MartletError) {
    var existing = stat()
    let isThere = stat(target, &existing) == 0
    guard fsync(descriptor) == 0, !isThere || fchmod(descriptor, existing.st_mode & 0o7777) == 0
    else {
      throw FileReplacement.failure(path)
    }
    let closing = descriptor
    descriptor = -1
    guard close(closing) == 0, rename(beside, target) == 0 else {
      throw FileReplacement.failure(path)
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func failure(_ path: String) -> MartletError {
    let reason = String(cString: strerror(errno))
    var existing = stat()
    let before = stat(path, &existing) == 0 ? "; the file of that name is what it was" : ""
    return MartletError(.file, "'\(path)' could not be written: \(reason)\(before)")
  }
}
