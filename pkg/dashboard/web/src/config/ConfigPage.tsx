import { useQuery } from '@tanstack/react-query'
import { useLocation } from 'react-router'
import { api, must } from '../api/client'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { PageHeader } from '../ui/PageHeader'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { useTitle } from '../ui/title'
import './config.css'
import { FileView } from './FileView'
import { Findings } from './Findings'
import { lineOf } from './place'

/** ConfigPage shows the configuration as it is in use, and what is wrong with it. */
export function ConfigPage() {
  useTitle('Configuration')
  const [{ file }] = useQueryState(['file'])
  const line = lineOf(useLocation().hash)
  const loaded = useQuery({
    queryKey: ['configuration'],
    queryFn: ({ signal }) => must(api.GET('/configuration', { signal })),
    refetchInterval: 60_000,
  })
  if (loaded.isPending) return <Loading />
  if (!loaded.data) return <Problem level={1} error={loaded.error} retry={() => void loaded.refetch()} />
  const { revision, refused, warnings, files } = loaded.data
  return (
    <>
      <PageHeader title="Configuration">
        <p className="quiet">
          As loaded, revision <code>{revision}</code>.
        </p>
      </PageHeader>
      <Findings title="Refused: the changed files are not in use" kind="failure" findings={refused} />
      <Findings title="Warnings" kind="error" findings={warnings} />
      {refused.length + warnings.length === 0 && <p className="clean">Nothing is wrong with it.</p>}
      {files.length > 0 ? <FileView files={files} name={file} line={line} /> : <Empty title="No files to show">Ask those who run this server for the configuration.</Empty>}
    </>
  )
}
