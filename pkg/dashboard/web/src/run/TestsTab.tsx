import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, must } from '../api/client'
import type { RunDetail } from '../api/schema'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { SearchField } from '../ui/SearchField'
import { Segments } from '../ui/Segments'
import { Suite } from './Suite'
import './tests.css'
import { choose, numbersOf } from './tests'

const choices = [
  { name: 'All', value: undefined },
  { name: 'Failed', value: 'failed' },
  { name: 'Flaky', value: 'flaky' },
  { name: 'Skipped', value: 'skipped' },
  { name: 'Passed', value: 'passed' },
]

/** TestsTab shows the JUnit results of a run, failures first. */
export function TestsTab({ run }: { run: RunDetail }) {
  const [{ test, result }, set] = useQueryState(['test', 'result'])
  const tests = useQuery({
    queryKey: ['run', run.name, 'tests'],
    queryFn: ({ signal }) => must(api.GET('/runs/{name}/tests', { params: { path: { name: run.name } }, signal })),
  })
  const report = tests.data
  const suites = useMemo(() => choose(report?.suites ?? [], test, result), [report, test, result])
  if (tests.isPending) return <Loading />
  if (!report) return <Problem error={tests.error} retry={() => void tests.refetch()} />
  if (report.tests === 0) {
    return (
      <div className="card">
        <Empty title={run.finished ? 'No test results' : 'No test results yet'}>
          A job shows results here when it writes JUnit XML to its artifacts, in files named <code>junit*.xml</code>.
          {report.cut && <p className="bad">{report.cut}</p>}
        </Empty>
      </div>
    )
  }
  return (
    <>
      <div className="field-row">
        <SearchField label="Filter tests" placeholder="Filter tests" value={test} onChange={(test) => set({ test }, { replace: true })} />
        <Segments label="Result" choices={choices} value={result} onChange={(result) => set({ result })} />
        <span className="test-numbers num">{numbersOf(report)}</span>
      </div>
      {report.cut && <p className="test-cut">{report.cut}</p>}
      {suites.length === 0 && (
        <div className="card">
          <Empty title="No test matches">Change the filter above.</Empty>
        </div>
      )}
      {suites.map((suite, i) => (
        <Suite key={`${suite.file} ${suite.name} ${i}`} suite={suite} open={suite.failed > 0 || Boolean(test ?? result) || suites.length === 1} />
      ))}
    </>
  )
}
