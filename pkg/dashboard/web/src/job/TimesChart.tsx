import { Chart } from '@patternfly/react-charts/dist/esm/victory/components/Chart/Chart'
import { ChartAxis } from '@patternfly/react-charts/dist/esm/victory/components/ChartAxis/ChartAxis'
import { ChartLine } from '@patternfly/react-charts/dist/esm/victory/components/ChartLine/ChartLine'
import { ChartScatter } from '@patternfly/react-charts/dist/esm/victory/components/ChartScatter/ChartScatter'
import type { Day } from '../api/schema'
import { short } from '../ui/time'
import { axisStyle, dayTicks, timeTicks } from './axis'
import { ChartCard, chartHeight, chartPadding } from './ChartCard'

const series = [
  { key: 'p95', name: '95th percentile', kind: 'aborted' },
  { key: 'p50', name: 'median', kind: 'running' },
] as const

export function TimesChart({ days }: { days: Day[] }) {
  const timed = days.filter((d) => d.p95 > 0)
  const longest = Math.max(...timed.map((d) => d.p95), 1)
  return (
    <ChartCard title="Durations by day" legend={[...series]}>
      {(width) => (
        <Chart
          ariaTitle="Durations by day"
          width={width}
          height={chartHeight}
          padding={chartPadding}
          domain={{ y: [0, longest * 1.05] }}
          domainPadding={{ x: [18, 18] }}
        >
          <ChartAxis {...dayTicks(days, width)} style={axisStyle} />
          <ChartAxis dependentAxis tickValues={timeTicks(longest)} tickFormat={short} style={axisStyle} />
          {series.map((s) => (
            <ChartLine key={s.key} style={{ data: { stroke: `var(--is-${s.kind})` } }} data={timed.map((d) => ({ x: d.day, y: d[s.key] }))} />
          ))}
          {series.map((s) => (
            <ChartScatter key={s.key} size={2.5} style={{ data: { fill: `var(--is-${s.kind})` } }} data={timed.map((d) => ({ x: d.day, y: d[s.key] }))} />
          ))}
        </Chart>
      )}
    </ChartCard>
  )
}
