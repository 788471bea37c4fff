#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Threads that nobody waits for.
package enum DetachedThread {
  private final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on a thread of its own, which holds it until then.
  ///
  /// - Returns: `false` where the system makes no thread.
  package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let argument = Unmanaged.passRetained(Start(body))
    // Signals belong to the program's own threads.
    var all = sigset_t()
    var old = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    #if canImport(Darwin)
      var thread: pthread_t?
      let status = pthread_create(
        &thread, nil,
        {
          Unmanaged<Start>.fromOpaque($0).takeRetainedValue().body()
          return nil
        }, argument.toOpaque())
      let made = status == 0 ? thread : nil
    #else
      var thread = pthread_t()
      let status = pthread_create(
        &thread, nil,
        {
          guard let argument = $0 else { return nil }
          Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
          return nil
        }, argument.toOpaque())
      let made = status == 0 ? thread : nil
    #endif
    guard let made else {
      argument.release()
      return false
    }
    pthread_detach(made)
    return true
  }
}
