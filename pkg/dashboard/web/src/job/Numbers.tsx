import type { JobHistory } from '../api/schema'
import { duration } from '../ui/time'
import { numbersOf } from './numbers'

export function Numbers({ history }: { history: JobHistory }) {
  const n = numbersOf(history)
  const rate = n.passRate === undefined ? '–' : `${(n.passRate * 100).toFixed(n.passRate === 1 ? 0 : 1)} %`
  const facts = [
    { name: 'Pass rate', value: rate, note: `${n.success} passed, ${n.failure} failed` },
    { name: 'Median', value: n.median === undefined ? '–' : duration(n.median), note: 'duration' },
    { name: '95th percentile', value: n.p95 === undefined ? '–' : duration(n.p95), note: 'duration' },
    { name: 'Flakes', value: String(history.flakes.length), note: 'commits that failed and passed' },
  ]
  return (
    <dl className="numbers">
      {facts.map((fact) => (
        <div key={fact.name} className="card">
          <dt>{fact.name}</dt>
          <dd className="num">{fact.value}</dd>
          <dd className="quiet">{fact.note}</dd>
        </div>
      ))}
    </dl>
  )
}
