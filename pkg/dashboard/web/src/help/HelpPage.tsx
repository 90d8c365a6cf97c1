import { useQuery } from '@tanstack/react-query'
import { api, must } from '../api/client'
import { Loading } from '../ui/Loading'
import { PageHeader } from '../ui/PageHeader'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { SearchField } from '../ui/SearchField'
import { useTitle } from '../ui/title'
import { Commands } from './Commands'
import './help.css'
import { Jobs } from './Jobs'
import { commandsOf, jobsMatching, pluginsMatching } from './match'
import { Plugins } from './Plugins'
import { RepoField } from './RepoField'

/** HelpPage lists what people can ask for, in general or in one repository. */
export function HelpPage() {
  useTitle('Help')
  const [{ repo, q = '' }, set] = useQueryState(['repo', 'q'])
  const plugins = useQuery({
    queryKey: ['plugins', repo],
    queryFn: ({ signal }) => must(api.GET('/plugins', { params: { query: { repo } }, signal })),
    staleTime: 60_000,
  })
  const jobs = useQuery({
    queryKey: ['jobs', repo],
    queryFn: ({ signal }) => must(api.GET('/jobs', { params: { query: { repo } }, signal })),
    staleTime: 60_000,
  })
  const found = pluginsMatching(plugins.data?.plugins ?? [], q)
  return (
    <>
      <PageHeader title="Help">
        <p className="quiet">Commands are comments on a pull request, each on a line of its own.</p>
      </PageHeader>
      <search className="field-row">
        <RepoField value={repo} onChange={(repo) => set({ repo })} />
        <SearchField label="Search the help" placeholder="Search commands, plugins, jobs" value={q} onChange={(q) => set({ q }, { replace: true })} />
      </search>
      {plugins.isPending && <Loading />}
      {plugins.isError && <Problem error={plugins.error} retry={() => void plugins.refetch()} />}
      {plugins.data && (
        <>
          <Commands commands={commandsOf(plugins.data.plugins, q)} repo={repo} />
          <Plugins plugins={found} />
        </>
      )}
      {jobs.isError && <Problem error={jobs.error} retry={() => void jobs.refetch()} />}
      {jobs.data && <Jobs jobs={jobsMatching(jobs.data.jobs, q)} />}
    </>
  )
}
