import type { Day } from '../api/schema'
import { duration } from '../ui/time'
import { dayName } from './axis'
import { otherOf } from './numbers'

/** DaysTable holds the numbers of the charts. */
export function DaysTable({ days }: { days: Day[] }) {
  return (
    <details className="days">
      <summary>The numbers</summary>
      <table>
        <thead>
          <tr>
            {['Day', 'Passed', 'Failed', 'Other', 'Median', '95th percentile'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="num">
          {days.toReversed().map((d) => (
            <tr key={d.day}>
              <th scope="row">{dayName(d.day)}</th>
              <td>{d.success}</td>
              <td>{d.failure}</td>
              <td>{otherOf(d)}</td>
              <td>{d.p50 > 0 ? duration(d.p50 * 1000) : '–'}</td>
              <td>{d.p95 > 0 ? duration(d.p95 * 1000) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
