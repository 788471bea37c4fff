import MartletKernelTable

/// γ and β, where an operation has them: one of each for every feature that it tells apart.
package struct FeatureFactors: Sendable {
  package let hasScale: Bool
  package let hasCenter: Bool

  package init(hasScale: Bool, hasCenter: Bool) {
    self.hasScale = hasScale
    self.hasCenter = hasCenter
  }

  func preparedCount(_ count: Int) -> Int { 2 * count }

  /// Both side by side, ones and zeros for those that are missing.
  func prepare(_ site: Site, _ count: Int) -> [Stage] {
    [
      .batch(tasks: 1) { _, _ in
        let (scale, shift) = (site.prepared, site.prepared + count)
        var rest = site.variables[...]
        if hasScale, let gamma = rest.popFirst() {
          scale.update(from: gamma.values, count: count)
        } else {
          scale.update(repeating: 1, count: count)
        }
        if hasCenter, let beta = rest.popFirst() {
          shift.update(from: beta.values, count: count)
        } else {
          shift.update(repeating: 0, count: count)
        }
      }
    ]
  }

  func scaling(_ site: Site, _ count: Int) -> Scaling {
    Scaling(scale: Source(site.prepared), shift: Source(site.prepared) + count)
  }

  func gradients(_ site: Site) -> (scale: GradientPlace?, shift: GradientPlace?) {
    (
      hasScale ? site.gradients[0] : nil, hasCenter ? site.gradients[hasScale ? 1 : 0] : nil
    )
  }

  /// As `prepare`, for plain twins.
  func plain(_ variables: [[Double]], _ count: Int) -> (scale: [Double], shift: [Double]) {
    (
      hasScale ? variables[0] : [Double](repeating: 1, count: count),
      hasCenter ? variables[hasScale ? 1 : 0] : [Double](repeating: 0, count: count)
    )
  }
}
