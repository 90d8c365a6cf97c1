import '@patternfly/patternfly/patternfly-charts.css'
import type { Day } from '../api/schema'
import { DaysTable } from './DaysTable'
import { ResultsChart } from './ResultsChart'
import { TimesChart } from './TimesChart'

/** Charts draws results and durations by day; what they show is also a table. */
export function Charts({ days }: { days: Day[] }) {
  return (
    <>
      <div className="charts">
        <ResultsChart days={days} />
        <TimesChart days={days} />
      </div>
      <DaysTable days={days} />
    </>
  )
}
