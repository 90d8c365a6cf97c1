import { useCallback } from 'react'
import { Link } from 'react-router'
import type { File } from '../api/schema'
import { Code } from '../ui/Code'
import { Copy } from '../ui/Copy'
import { configPath } from '../ui/links'

interface FileViewProps {
  files: File[]
  name: string | undefined
  line: number
}

/** FileView shows one of the files; the address says which, and which line is marked. */
export function FileView({ files, name, line }: FileViewProps) {
  const shown = files.find((f) => f.name === name) ?? (name ? undefined : files[0])
  const href = useCallback((n: number) => configPath(shown?.name ?? '', n), [shown?.name])
  return (
    <section className="files">
      <nav aria-label="Files of the configuration">
        <ul>
          {files.map((f) => (
            <li key={f.name}>
              <Link to={configPath(f.name)} aria-current={f === shown ? 'page' : undefined}>
                {f.name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {shown ? (
        <div className="file">
          <h2 className="row">
            {shown.name} <Copy text={shown.text} what="the file" />
          </h2>
          <Code text={shown.text} label={shown.name} line={line} href={href} />
        </div>
      ) : (
        <p role="alert">The configuration has no file {name}.</p>
      )}
    </section>
  )
}
