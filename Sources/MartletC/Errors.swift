// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@c(martlet_last_error) @implementation
public func martlet_last_error() -> UnsafePointer<CChar>! { LastError.text }

/// Runs the body of a function that can fail: success or failure becomes a status, the message goes
/// to this thread's slot.
func attempt(_ body: () throws(MartletError) -> Void) -> martlet_status {
  do throws(MartletError) {
    try body()
    return martlet_status(MARTLET_OK)
  } catch {
    LastError.set(error.message)
    return error.kind.status
  }
}

extension MartletError.Kind {
  fileprivate var status: martlet_status {
    switch self {
    case .invalidArgument: martlet_status(MARTLET_INVALID_ARGUMENT)
    case .invalidType: martlet_status(MARTLET_INVALID_TYPE)
    case .invalidState: martlet_status(MARTLET_INVALID_STATE)
    case .notFinite: martlet_status(MARTLET_NOT_FINITE)
    case .outOfMemory: martlet_status(MARTLET_OUT_OF_MEMORY)
    case .stopped: martlet_status(MARTLET_STOPPED)
    case .file: martlet_status(MARTLET_FILE_ERROR)
    }
  }
}

/// One message per thread, freed with the thread.
private enum LastError {
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key) { free($0) } == 0 ? key : nil
  }()

  static func set(_ message: String) {
    guard let key else { return }
    let old = pthread_getspecific(key)
    // Where even this copy finds no memory, the message is "".
    pthread_setspecific(key, strdup(message))
    free(old)
  }

  static var text: UnsafePointer<CChar> {
    guard let key, let slot = pthread_getspecific(key) else { return Constant.empty }
    return UnsafePointer(slot.assumingMemoryBound(to: CChar.self))
  }
}
