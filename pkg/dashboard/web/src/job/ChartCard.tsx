import type { ReactNode } from 'react'
import { useWidth } from './useWidth'

export const chartHeight = 190
export const chartPadding = { top: 12, right: 12, bottom: 28, left: 44 }

interface ChartCardProps {
  title: string
  legend: { name: string; kind: string }[]
  children: (width: number) => ReactNode
}

/** ChartCard gives a chart its width, and keeps its room while it has none. */
export function ChartCard({ title, legend, children }: ChartCardProps) {
  const { ref, width } = useWidth()
  return (
    <figure className="chart card">
      <figcaption className="row">
        <h2>{title}</h2>
        {legend.map((item) => (
          <span key={item.name} className={`legend is-${item.kind}`}>
            {item.name}
          </span>
        ))}
      </figcaption>
      <div ref={ref} style={{ height: chartHeight }}>
        {width > 0 && children(width)}
      </div>
    </figure>
  )
}
