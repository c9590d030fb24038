/** Draws the benchmark as an SVG: one bar for each contender, longer is faster. */

interface Bar {
  readonly name: string
  readonly timesRealTime: number
}

const [width, rowHeight, labelWidth] = [760, 40, 270]

export function speedPlot(bars: readonly Bar[]): string {
  const fastest = Math.max(...bars.map(({ timesRealTime }) => timesRealTime))
  const length = (speed: number) => (speed / fastest) * (width - labelWidth - 90)
  const rows = bars.map(({ name, timesRealTime }, i) => {
    const y = 20 + i * rowHeight
    const colour = name.startsWith('Spool') ? '#2f7d5b' : '#9aa4ad'
    const barLength = length(timesRealTime).toFixed(1)
    return `<text x="${labelWidth - 12}" y="${y + 19}" text-anchor="end">${name}</text>
<rect x="${labelWidth}" y="${y}" width="${barLength}" height="26" rx="4" fill="${colour}"/>
<text x="${labelWidth + 8 + length(timesRealTime)}" y="${y + 19}">${timesRealTime.toFixed(0)}×</text>`
  })
  const height = 30 + bars.length * rowHeight
  const text = 'font-family="system-ui, sans-serif" font-size="15" fill="#20262c"'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${text}>
<rect width="${width}" height="${height}" fill="#fff"/>
${rows.join('\n')}
</svg>
`
}
