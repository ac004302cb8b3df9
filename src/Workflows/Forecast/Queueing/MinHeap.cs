namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>A binary heap of numbers, the smallest first. It keeps its memory when it is cleared.</summary>
internal struct MinHeap
{
    private long[]? _items;

    public int Count { get; private set; }

    public readonly long Peek => _items![0];

    public void Clear() => Count = 0;

    public void Push(long item)
    {
        _items ??= new long[8];
        if (Count == _items.Length)
            Array.Resize(ref _items, Count * 2);
        var i = Count++;
        while (i > 0 && _items[(i - 1) / 2] > item)
        {
            _items[i] = _items[(i - 1) / 2];
            i = (i - 1) / 2;
        }

        _items[i] = item;
    }

    public long Pop()
    {
        var first = _items![0];
        var last = _items[--Count];
        var i = 0;
        while (2 * i + 1 < Count)
        {
            var child = 2 * i + 1;
            if (child + 1 < Count && _items[child + 1] < _items[child])
                child++;
            if (_items[child] >= last)
                break;
            _items[i] = _items[child];
            i = child;
        }

        if (Count > 0)
            _items[i] = last;
        return first;
    }
}
