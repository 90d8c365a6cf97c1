import { useInfiniteQuery } from '@tanstack/react-query'
import { Button } from '@patternfly/react-core'
import { useRef } from 'react'
import { api, must } from '../api/client'
import type { RunDetail } from '../api/schema'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { useRowKeys } from '../ui/useRowKeys'
import './artifacts.css'
import { ArtifactList } from './ArtifactList'
import { Crumbs } from './Crumbs'
import { folderOf } from './artifacts'
import { Preview } from './Preview'

/** ArtifactsTab browses the files that a run kept: a folder, and a file of it. */
export function ArtifactsTab({ run }: { run: RunDetail }) {
  const [{ dir, file }, set] = useQueryState(['dir', 'file'])
  const prefix = dir ?? (file ? folderOf(file) : '')
  const box = useRef<HTMLDivElement>(null)
  useRowKeys(box, 'Artifacts')
  const list = useInfiniteQuery({
    queryKey: ['run', run.name, 'artifacts', prefix],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: after, signal }) => must(api.GET('/runs/{name}/artifacts', { params: { path: { name: run.name }, query: { prefix, after, limit: 500 } }, signal })),
    getNextPageParam: (page) => page.next,
  })
  if (list.isPending) return <Loading />
  if (!list.data) return <Problem error={list.error} retry={() => void list.refetch()} />
  const folders = list.data.pages.flatMap((page) => page.folders)
  const files = list.data.pages.flatMap((page) => page.artifacts)
  const empty = folders.length + files.length === 0
  if (empty && prefix === '') {
    return (
      <div className="card">
        <Empty title={run.finished ? 'No artifacts' : 'No artifacts yet'}>
          A job keeps files by writing them to the folder that <code>$ARTIFACTS</code> names.
        </Empty>
      </div>
    )
  }
  const chosen = files.find((f) => f.path === file)
  return (
    <div className="artifacts" data-open={Boolean(file) || undefined}>
      <div ref={box} className="card artifact-list">
        <Crumbs prefix={prefix} onOpen={(dir) => set({ dir: dir || undefined, file: undefined })} />
        {empty && <Empty title="The folder is empty" />}
        <ArtifactList
          folders={folders}
          files={files}
          chosen={file}
          onFolder={(dir) => set({ dir, file: undefined })}
          onFile={(file) => set({ dir: prefix || undefined, file })}
        />
        {list.hasNextPage && (
          <Button variant="link" isLoading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            More
          </Button>
        )}
      </div>
      {file && <Preview key={file} run={run.name} path={file} known={chosen} onClose={() => set({ file: undefined })} />}
    </div>
  )
}
