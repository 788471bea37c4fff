import MartletKernelTable

/// y = (x − mean[row]) · inverse[row] · scale[column] + shift[column].
func scaleRows(
  _ x: Source, _ mean: Source, _ inverse: Source, _ scaling: Scaling, _ y: Target, _ rows: Int,
  _ columns: Int
) {
  let scale = scaling.scale
  let shift = scaling.shift
  var row = 0
  while row < rows {
    let from = x + row * columns
    let center = splat(mean[row])
    let factor = splat(inverse[row])
    fill(y + row * columns, columns) { at in
      multiplyAdd((at(from) - center) * factor, at(scale), at(shift))
    }
    row += 1
  }
}

func scaleRowsBackward(
  _ x: Source, _ dy: Source, _ mean: Source, _ inverse: Source, _ scale: Source,
  _ shares: RowShares, _ dx: Target?, _ dScale: Target, _ dShift: Target, _ rows: Int,
  _ columns: Int
) {
  var row = 0
  while row < rows {
    let start = row * columns
    let from = x + start
    let slope = dy + start
    let center = splat(mean[row])
    let factor = splat(inverse[row])
    var sums = splat(0)
    var products = splat(0)
    visit(columns) { at in
      let normalized = (at(from) - center) * factor
      // 0 in the lanes beyond the rest.
      let d = at(slope)
      at.put(multiplyAdd(d, normalized, at(dScale)), dScale)
      at.put(at(dShift) + d, dShift)
      let g = d * at(scale)
      sums += g
      products = multiplyAdd(g, normalized, products)
    }
    if let dx {
      let sum = splat(laneSum(sums) * shares.sum)
      let product = splat(laneSum(products) * shares.product)
      fill(dx + start, columns) { at in
        let normalized = (at(from) - center) * factor
        return (at(slope) * at(scale) - sum - normalized * product) * factor
      }
    }
    row += 1
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainRowNormalization {
    /// Rows as long as `scale`.
    package static func scale<T: BinaryFloatingPoint>(
      _ x: [T], mean: [T], inverse: [T], scale: [T], shift: [T]
    ) -> [T] {
      x.indices.map { index in
        let (row, column) = (index / scale.count, index % scale.count)
        return (x[index] - mean[row]) * inverse[row] * scale[column] + shift[column]
      }
    }

    package static func backward<T: BinaryFloatingPoint>(
      _ x: [T], _ dy: [T], mean: [T], inverse: [T], scale: [T], shares: (sum: T, product: T)
    ) -> (dx: [T], dScale: [T], dShift: [T]) {
      let columns = scale.count
      var dx = x
      var dScale = [T](repeating: 0, count: columns)
      var dShift = dScale
      for row in mean.indices {
        var (sum, product): (T, T) = (0, 0)
        for column in 0..<columns {
          let index = row * columns + column
          let normalized = (x[index] - mean[row]) * inverse[row]
          dScale[column] += dy[index] * normalized
          dShift[column] += dy[index]
          sum += dy[index] * scale[column]
          product += dy[index] * scale[column] * normalized
        }
        for column in 0..<columns {
          let index = row * columns + column
          let normalized = (x[index] - mean[row]) * inverse[row]
          dx[index] =
            inverse[row]
            * (dy[index] * scale[column] - shares.sum * sum - shares.product * product * normalized)
        }
      }
      return (dx, dScale, dShift)
    }
  }
#endif
