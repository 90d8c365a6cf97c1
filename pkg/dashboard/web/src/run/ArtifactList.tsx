import FileIcon from '@patternfly/react-icons/dist/esm/icons/file-icon'
import FolderIcon from '@patternfly/react-icons/dist/esm/icons/folder-icon'
import type { Artifact } from '../api/schema'
import { size } from '../log/words'
import { baseOf } from './artifacts'

interface ArtifactListProps {
  folders: string[]
  files: Artifact[]
  chosen: string | undefined
  onFolder: (prefix: string) => void
  onFile: (path: string) => void
}

export function ArtifactList({ folders, files, chosen, onFolder, onFile }: ArtifactListProps) {
  return (
    <ul>
      {folders.map((folder) => (
        <li key={folder}>
          <button type="button" data-row onClick={() => onFolder(folder)}>
            <FolderIcon aria-hidden="true" />
            <span className="cut">{baseOf(folder)}/</span>
          </button>
        </li>
      ))}
      {files.map((file) => (
        <li key={file.path}>
          <button type="button" data-row aria-current={file.path === chosen || undefined} onClick={() => onFile(file.path)}>
            <FileIcon aria-hidden="true" />
            <span className="cut">{baseOf(file.path)}</span>
            <span className="quiet num">{size(file.size)}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
