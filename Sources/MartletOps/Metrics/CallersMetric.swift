/// A metric that somebody else counts: a place among the results, which stays 0.
package struct CallersMetric: MetricFunction {
  package init() {}
  package var targets: TargetForm { .any }
  package func stateCount(size: Int) -> Int { 0 }
  package func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>) {}
  package func result(_ state: UnsafePointer<Double>, size: Int) -> [Double] { [0] }
}
