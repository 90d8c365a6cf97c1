import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, must } from '../api/client'
import { useRefresh } from '../api/useRefresh'
import { RunsTable } from '../runs/RunsTable'
import { Empty } from '../ui/Empty'
import { runsPath } from '../ui/links'
import { Loading } from '../ui/Loading'
import { PageHeader } from '../ui/PageHeader'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { Segments } from '../ui/Segments'
import { useTitle } from '../ui/title'
import { Flakes } from './Flakes'
import './job.css'
import { Numbers } from './Numbers'

const Charts = lazy(async () => ({ default: (await import('./Charts')).Charts }))

const spans = [
  { name: '7 days', value: '7', days: 7 },
  { name: '30 days', value: undefined, days: 30 },
  { name: '90 days', value: '90', days: 90 },
  { name: 'A year', value: '365', days: 365 },
]

/** JobPage shows how a job fared over time. */
export function JobPage() {
  const [query] = useSearchParams()
  const [{ days: chosen }, set] = useQueryState(['days'])
  const [connection, repo, job] = [query.get('connection') || undefined, query.get('repo') || undefined, query.get('job') ?? '']
  const days = spans.find((s) => s.value === chosen)?.days ?? 30
  const key = ['job', connection, repo, job, days]
  const history = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - days * 86_400_000).toISOString()
      return must(api.GET('/jobs/history', { params: { query: { connection, repo, job, since } }, signal }))
    },
    enabled: job !== '',
    placeholderData: (last, before) => (before?.queryKey[3] === job ? last : undefined),
  })
  const params = useMemo(() => new URLSearchParams({ ...(connection && { connection }), ...(repo && { repo }), job }), [connection, repo, job])
  useRefresh(key, params)
  useTitle(job ? `${job}${repo ? ` · ${repo}` : ''}` : 'Job', history.data?.runs.find((r) => r.finished)?.state)
  if (!job) return <Empty level={1} title="Which job?">The address needs job, and connection and repo (org/name) if it belongs to a repository.</Empty>
  return (
    <>
      <PageHeader
        title={job}
        actions={<Segments label="Time" choices={spans} value={spans.some((s) => s.value === chosen) ? chosen : undefined} onChange={(days) => set({ days })} />}
      >
        <p className="row">
          {repo && <Link to={runsPath({ connection, repo })}>{repo}</Link>}
          <Link to={runsPath({ connection, repo, job })}>All its runs</Link>
        </p>
      </PageHeader>
      {history.isPending && <Loading />}
      {history.isError && !history.data && <Problem error={history.error} retry={() => void history.refetch()} />}
      {history.data && (
        <>
          <Numbers history={history.data} />
          <div className="charts-room">
            <Suspense>
              <Charts days={history.data.byDay} />
            </Suspense>
          </div>
          <Flakes history={history.data} />
          <h2 className="section-title">Runs</h2>
          <div className="card table-card">
            {history.data.runs.length > 0 ? (
              <RunsTable runs={history.data.runs} label={`Runs of ${job}, newest first`} />
            ) : (
              <Empty title="No run in this time">Choose a longer time above.</Empty>
            )}
          </div>
        </>
      )}
    </>
  )
}
