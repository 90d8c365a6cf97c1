import { Td, Tr } from '@patternfly/react-table'
import type { Plugin } from '../api/schema'
import { DataTable } from '../ui/DataTable'

const columns = [{ name: 'Plugin' }, { name: 'What it does' }, { name: 'Enabled for' }]

export function Plugins({ plugins }: { plugins: Plugin[] }) {
  if (plugins.length === 0) return null
  return (
    <section>
      <h2 className="section-title">Plugins</h2>
      <div className="card table-card">
        <DataTable label="Plugins" columns={columns} className="help-table">
          {plugins.map((p) => (
            <Tr key={p.name}>
              <Td className="lead">{p.name}</Td>
              <Td className="text">{p.help}</Td>
              <Td dataLabel="Enabled for">{p.repos.join(', ')}</Td>
            </Tr>
          ))}
        </DataTable>
      </div>
    </section>
  )
}
