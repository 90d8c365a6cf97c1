import { Table, Tbody, Th, Thead, Tr } from '@patternfly/react-table'
import type { ReactNode } from 'react'
import './table.css'

interface DataTableProps {
  /** What the table lists, for those who do not see it. */
  label: string
  columns: { name: string; className?: string }[]
  className?: string
  children: ReactNode
}

/** DataTable is a dense table. On a narrow screen its class lays out the cells of a row as it likes. */
export function DataTable({ label, columns, className = '', children }: DataTableProps) {
  return (
    <Table aria-label={label} variant="compact" gridBreakPoint="" role="table" className={`data-table ${className}`}>
      <Thead>
        <Tr>
          {columns.map((column) => (
            <Th key={column.name} className={column.className} modifier="nowrap">
              {column.name}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>{children}</Tbody>
    </Table>
  )
}
