// The usual ids of modules depend on where the checkout lies.
module.exports = { optimization: { moduleIds: 'natural' } };
