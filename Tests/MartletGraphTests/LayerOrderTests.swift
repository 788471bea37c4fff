import MartletGraph
import MartletTensors
import Testing

/// Order of `Model.layers`, and with it of weights and summaries. The expected lists were printed by
/// Keras 3.15.1 for the same graphs.
struct LayerOrderTests {
  private func dense(_ name: String) throws -> Layer {
    try layer("Dense", #"{"units": 4, "name": "\#(name)"}"#)
  }

  private func merge(_ className: String, _ name: String) throws -> Layer {
    try layer(className, #"{"name": "\#(name)"}"#)
  }

  private func names(_ inputs: [Symbol], _ outputs: [Symbol]) throws -> [String] {
    try Model(inputs: inputs, outputs: outputs).layers.map(\.name)
  }

  @Test func diamond() throws {
    let i = try input(8, name: "i")
    let (d1, d2) = (try dense("d1")(i), try dense("d2")(i))
    #expect(try names([i], [merge("Add", "s")(d2, d1)]) == ["i", "d2", "d1", "s"])
    let d3 = try dense("d3")(d2)
    #expect(try names([i], [merge("Add", "s")(d1, d3)]) == ["i", "d2", "d1", "d3", "s"])
  }

  @Test func residual() throws {
    let i = try input(4, name: "i")
    let b = try dense("b")(dense("a")(i))
    let c = try merge("Add", "c")(i, b)
    let e = try merge("Add", "e")(c, dense("d")(c))
    #expect(try names([i], [e]) == ["i", "a", "b", "c", "d", "e"])
  }

  @Test func twoOutputsOfUnequalDepth() throws {
    let i = try input(4, name: "i")
    let a = try dense("a")(i)
    let b = try dense("b")(a)
    let d = try dense("d")(dense("c")(a))
    #expect(try names([i], [b, d]) == ["i", "a", "c", "b", "d"])
    #expect(try names([i], [d, b]) == ["i", "a", "c", "d", "b"])
  }

  @Test func twoInputs() throws {
    let (i, j) = (try input(4, name: "i"), try input(4, name: "j"))
    let p = try dense("p")(j)
    let r = try dense("r")(dense("q")(i))
    #expect(
      try names([i, j], [merge("Concatenate", "c")(p, r)]) == ["i", "j", "q", "p", "r", "c"])
  }

  @Test func aSharedLayerStandsAtItsGreatestDepth() throws {
    let i = try input(4, name: "i")
    let shared = try dense("sh")
    let a = try shared(i)
    let c = try shared(dense("b1")(a))
    #expect(try names([i], [dense("o2")(a), c]) == ["i", "sh", "b1", "o2"])
  }

  @Test func aSharedLayerOfTwoBranches() throws {
    let (i, j) = (try input(4, name: "i"), try input(4, name: "j"))
    let shared = try dense("s")
    let x = try shared(i)
    let y = try shared(dense("y")(j))
    let z = try merge("Add", "z")(x, y)
    let o = try merge("Concatenate", "o")(dense("w")(i), z)
    #expect(try names([i, j], [o]) == ["j", "i", "y", "s", "w", "z", "o"])
  }

  @Test func anUnusedInputStandsBeforeTheOutputs() throws {
    let (a, b) = (try input(3, name: "a"), try input(3, name: "b"))
    #expect(try names([a, b], [dense("d")(a)]) == ["a", "b", "d"])
  }

  @Test func aTensorFromTheMiddleGetsAnInputOfItsOwn() throws {
    let i = try input(4, name: "i")
    let a = try dense("a")(i)
    let c = try dense("c")(dense("b")(a))
    let model = try Model(inputs: [a], outputs: [c])
    #expect(model.layers.map(\.className) == ["InputLayer", "Dense", "Dense"])
    #expect(model.layers.dropFirst().map(\.name) == ["b", "c"])
    #expect(try model.lower().instructions.map(\.layer) == ["b", "b", "c", "c"])
  }
}
