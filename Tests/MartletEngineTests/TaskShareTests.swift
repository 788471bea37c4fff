import MartletEngine
import Testing

@Suite struct TaskShareTests {
  @Test(arguments: [1, 2, 3, 7], [0, 1, 2, 6, 7, 100])
  func sharesCoverAllTasksInOrder(_ count: Int, _ tasks: Int) {
    let ranges = (0..<count).map { TaskShare.range($0, of: count, tasks: tasks) }
    #expect(ranges.flatMap { $0 } == Array(0..<tasks))
    let lengths = ranges.map(\.count)
    #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1)
    // The calling thread, which is awake, has the first one.
    #expect(lengths.first == lengths.max())
  }

  @Test func frontAndEndMeet() {
    let share = TaskShare()
    #expect(share.takeFirst() == nil)
    #expect(share.takeLast() == nil)
    share.fill(3..<7)
    #expect(share.takeFirst() == 3)
    #expect(share.takeLast() == 6)
    #expect(share.takeLast() == 5)
    #expect(share.takeFirst() == 4)
    #expect(share.takeFirst() == nil)
    #expect(share.takeLast() == nil)
  }
}
