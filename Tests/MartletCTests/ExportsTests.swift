import Foundation
import Testing

/// The header, the list of exported names and the functions must not drift apart. (That every function
/// of the header is there, with its types, the compiler and the linker see to.)
struct ExportsTests {
  private func source(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func theListNamesWhatTheHeaderDeclares() throws {
    let header = try source("Sources/CMartlet/include/martlet.h")
      .replacing(#/(?s)/\*.*?\*//#, with: "")
    let declared = header.matches(of: #/MARTLET_API[^;]*?\b(martlet_\w+)\(/#).map { $0.1 }
    let listed = try source("Sources/MartletC/exports.map")
      .replacing(#/(?s)/\*.*?\*//#, with: "")
      .matches(of: #/(\w+);/#).map { $0.1 }
    #expect(declared.count > 40)
    #expect(declared.sorted() == listed.sorted())
  }
}
