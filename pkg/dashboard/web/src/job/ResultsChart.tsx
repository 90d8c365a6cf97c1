import { Chart } from '@patternfly/react-charts/dist/esm/victory/components/Chart/Chart'
import { ChartAxis } from '@patternfly/react-charts/dist/esm/victory/components/ChartAxis/ChartAxis'
import { ChartBar } from '@patternfly/react-charts/dist/esm/victory/components/ChartBar/ChartBar'
import { ChartStack } from '@patternfly/react-charts/dist/esm/victory/components/ChartStack/ChartStack'
import type { Day } from '../api/schema'
import { axisStyle, countTicks, dayTicks } from './axis'
import { ChartCard, chartHeight, chartPadding } from './ChartCard'
import { otherOf } from './numbers'

const series = [
  { name: 'passed', kind: 'success', count: (d: Day) => d.success },
  { name: 'failed', kind: 'failure', count: (d: Day) => d.failure },
  { name: 'other', kind: 'aborted', count: otherOf },
]

export function ResultsChart({ days }: { days: Day[] }) {
  const most = Math.max(...days.map((d) => d.runs), 4)
  return (
    <ChartCard title="Results by day" legend={series}>
      {(width) => (
        <Chart
          ariaTitle="Results by day"
          width={width}
          height={chartHeight}
          padding={chartPadding}
          domain={{ y: [0, most] }}
          domainPadding={{ x: [18, 18] }}
        >
          <ChartAxis {...dayTicks(days, width)} style={axisStyle} />
          <ChartAxis dependentAxis tickValues={countTicks(most)} style={axisStyle} />
          <ChartStack>
            {series.map((s) => (
              <ChartBar
                key={s.name}
                barWidth={Math.max(2, Math.min(28, (width - 90) / Math.max(days.length, 1) - 3))}
                style={{ data: { fill: `var(--is-${s.kind})`, fillOpacity: s.kind === 'success' ? 0.6 : 0.85 } }}
                data={days.map((d) => ({ x: d.day, y: s.count(d) }))}
              />
            ))}
          </ChartStack>
        </Chart>
      )}
    </ChartCard>
  )
}
