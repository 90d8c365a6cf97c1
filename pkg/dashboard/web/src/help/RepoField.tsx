import { useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { api, must } from '../api/client'

/** RepoField chooses one of the repositories that have runs, or takes any that is typed. */
export function RepoField({ value, onChange }: { value: string | undefined; onChange: (repo: string | undefined) => void }) {
  const id = useId()
  const repos = useQuery({
    queryKey: ['values', 'repo', ''],
    queryFn: ({ signal }) => must(api.GET('/runs/values', { params: { query: { field: 'repo' } }, signal })),
    staleTime: 60_000,
  })
  const known = repos.data?.values ?? []
  return (
    <span className="field">
      <input
        key={value}
        list={id}
        aria-label="Repository"
        placeholder="All repositories"
        defaultValue={value}
        maxLength={250}
        spellCheck={false}
        onChange={(e) => (known.includes(e.target.value) || e.target.value === '') && onChange(e.target.value || undefined)}
        onKeyDown={(e) => e.key === 'Enter' && onChange(e.currentTarget.value.trim() || undefined)}
      />
      <datalist id={id}>
        {known.map((repo) => (
          <option key={repo} value={repo} />
        ))}
      </datalist>
    </span>
  )
}
