import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { api, must } from '../api/client'
import { useRefresh } from '../api/useRefresh'
import { Timeline } from '../deliveries/Timeline'
import { RunsTable } from '../runs/RunsTable'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { useTitle } from '../ui/title'
import { Grid } from './Grid'
import './pull.css'
import { PullHeader } from './PullHeader'
import { worst } from './worst'

export function PullPage() {
  const [query] = useSearchParams()
  const [connection, repo, number] = [query.get('connection') ?? '', query.get('repo') ?? '', Number(query.get('number'))]
  const key = ['pull', connection, repo, number]
  const known = connection !== '' && repo !== '' && Number.isInteger(number) && number > 0
  const pull = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => must(api.GET('/pull', { params: { query: { connection, repo, number } }, signal })),
    enabled: known,
  })
  const params = useMemo(() => new URLSearchParams({ connection, repo, pull: String(number) }), [connection, repo, number])
  useRefresh(key, params)
  useTitle(known ? `#${number} ${pull.data?.title ?? ''} · ${repo}` : 'Pull request', worst(pull.data))
  if (!known) return <Empty level={1} title="Which pull request?">The address needs connection, repo (org/name) and number.</Empty>
  if (pull.isPending) return <Loading />
  if (!pull.data) return <Problem level={1} error={pull.error} retry={() => void pull.refetch()} />
  return (
    <>
      <PullHeader pull={pull.data} />
      <h2 className="section-title">Commits and jobs</h2>
      <Grid pull={pull.data} />
      <h2 className="section-title">What happened</h2>
      <Timeline deliveries={pull.data.timeline} />
      <h2 className="section-title">Runs</h2>
      {pull.data.runs.length > 0 && (
        <div className="card table-card">
          <RunsTable runs={pull.data.runs} label="Runs of this pull request, newest first" />
        </div>
      )}
    </>
  )
}
