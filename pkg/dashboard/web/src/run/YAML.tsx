import { useQuery } from '@tanstack/react-query'
import { api, must } from '../api/client'
import { ApiError } from '../api/errors'
import { Code } from '../ui/Code'
import { Copy } from '../ui/Copy'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { Segments } from '../ui/Segments'

const objects = ['pipelinejob', 'pipelinerun', 'prowjob'] as const
const choices = [
  { name: 'PipelineJob', value: undefined },
  { name: 'PipelineRun', value: 'pipelinerun' },
  { name: 'ProwJob', value: 'prowjob' },
]

/** YAML shows the objects behind a run. */
export function YAML({ run }: { run: string }) {
  const [{ yaml }, set] = useQueryState(['yaml'])
  const of = objects.find((name) => name === yaml) ?? 'pipelinejob'
  const text = useQuery({
    queryKey: ['run', run, 'yaml', of],
    queryFn: ({ signal }) => must(api.GET('/runs/{name}/yaml', { params: { path: { name: run }, query: { of } }, parseAs: 'text', signal })),
  })
  const gone = text.error instanceof ApiError && text.error.status === 404
  return (
    <section className="run-yaml" aria-label="YAML">
      <div className="yaml-head row">
        <h2>YAML</h2>
        <Segments label="Object" choices={choices} value={of === 'pipelinejob' ? undefined : of} onChange={(yaml) => set({ yaml }, { replace: true })} />
        {text.data && <Copy text={text.data} what="the YAML" />}
      </div>
      {text.isPending && <Loading />}
      {gone && (
        <div className="card">
          <Empty title="The object is gone">{text.error?.message}</Empty>
        </div>
      )}
      {text.isError && !gone && !text.data && <Problem error={text.error} retry={() => void text.refetch()} />}
      {text.data && <Code text={text.data} label={`YAML of the ${of}`} />}
    </section>
  )
}
