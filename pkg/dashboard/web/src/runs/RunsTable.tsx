import type { Run } from '../api/schema'
import { DataTable } from '../ui/DataTable'
import { RunRow } from './RunRow'
import './runs-table.css'

const columns = [
  { name: 'State', className: 'c-state' },
  { name: 'Job', className: 'c-job' },
  { name: 'Change', className: 'c-change' },
  { name: 'Author', className: 'c-author' },
  { name: 'Started', className: 'c-when' },
  { name: 'Duration', className: 'c-took' },
]

/** RunsTable lists runs, one line each. */
export function RunsTable({ runs, label }: { runs: Run[]; label: string }) {
  return (
    <DataTable label={label} columns={columns} className="runs-table">
      {runs.map((run) => (
        <RunRow key={run.name} run={run} />
      ))}
    </DataTable>
  )
}
