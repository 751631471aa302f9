// as-pect 8.1.0 compares syntax tree kinds with the numbers of AssemblyScript 0.27; 0.28.17 inserted one and shifted
// them, so its own transform finds no class. This one finds the classes by today's numbers and shows as-pect's two
// member builders a view of each class with the numbers they know.
import { createAddReflectedValueKeyValuePairsMember } from '@as-pect/transform/lib/createAddReflectedValueKeyValuePairsMember.js';
import { createStrictEqualsMember } from '@as-pect/transform/lib/createStrictEqualsMember.js';
import { NodeKind } from 'assemblyscript/dist/assemblyscript.js';
import { Transform } from 'assemblyscript/transform';

const KIND_IN_AS_PECT = new Map([
  [NodeKind.FieldDeclaration, 54],
  [NodeKind.MethodDeclaration, 58],
]);

/** The same object with some properties replaced, without touching the original. */
function withProperties(target, replaced) {
  return new Proxy(target, {
    get: (object, key) => (key in replaced ? replaced[key] : object[key]),
  });
}

function addMembers(statements) {
  for (const statement of statements) {
    if (statement.kind === NodeKind.NamespaceDeclaration) {
      addMembers(statement.members);
    } else if (statement.kind === NodeKind.ClassDeclaration) {
      const members = statement.members.map((member) =>
        withProperties(member, {
          kind: KIND_IN_AS_PECT.get(member.kind) ?? 0,
          is: (flag) => member.is(flag),
        }),
      );
      const view = withProperties(statement, { members });
      statement.members.push(
        createStrictEqualsMember(view),
        createAddReflectedValueKeyValuePairsMember(view),
      );
    }
  }
}

export default class AsPectTransform extends Transform {
  afterParse(parser) {
    for (const source of parser.sources) addMembers(source.statements);
  }
}
