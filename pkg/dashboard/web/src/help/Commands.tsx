import { Td, Tr } from '@patternfly/react-table'
import { DataTable } from '../ui/DataTable'
import { Empty } from '../ui/Empty'
import type { Command } from './match'

const columns = [{ name: 'Command' }, { name: 'What it does' }, { name: 'Who' }, { name: 'Examples' }, { name: 'Plugin' }]

export function Commands({ commands, repo }: { commands: Command[]; repo: string | undefined }) {
  return (
    <section>
      <h2 className="section-title">Commands {repo && <span className="quiet">in {repo}</span>}</h2>
      <div className="card table-card">
        {commands.length === 0 && <Empty title="No command matches">A plugin must be enabled for the repository in plugins.yaml.</Empty>}
        {commands.length > 0 && (
          <DataTable label="Commands" columns={columns} className="help-table">
            {commands.map((c) => (
              <Tr key={`${c.plugin} ${c.usage}`}>
                <Td className="lead">
                  <code>{c.usage}</code>
                </Td>
                <Td className="text">{c.description}</Td>
                <Td dataLabel="Who">{c.who}</Td>
                <Td className="codes" dataLabel="Examples">
                  {c.examples.map((example) => (
                    <code key={example}>{example}</code>
                  ))}
                </Td>
                <Td dataLabel="Plugin">{c.plugin}</Td>
              </Tr>
            ))}
          </DataTable>
        )}
      </div>
    </section>
  )
}
