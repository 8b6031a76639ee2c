// The engine stores the text of `configure` with every resource. This file is shipped as it is written, so that the text is the
// same in a checkout, in an installed package, and after any change of the code that it loads.
const provider = (type) => ({
  configure(request) {
    const { createRequire } = require("node:module");
    return createRequire(`${process.cwd()}/`)("dataverse-s2s/provider").bind(this, type, request);
  },
});

const providers = new Map();

exports.thinProvider = (type) => {
  if (!providers.has(type)) providers.set(type, provider(type));
  return providers.get(type);
};
