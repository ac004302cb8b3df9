using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Orchestration.Engine.Expressions.CSharp;

/// <summary>
/// Lets a script count its own rounds and calls: every loop's body, every jump back and every function begins with a call of
/// <see cref="CSharpGlobals.Step"/>, which throws at a limit.
/// An endless loop and an endless recursion, which would take the whole process down, become errors; code that the script calls is not counted.
/// </summary>
internal sealed class Metering(SemanticModel model) : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Step = SyntaxFactory.ParseStatement($"global::{typeof(CSharpGlobals).FullName}.{nameof(CSharpGlobals.Step)}();");

    public override SyntaxNode VisitWhileStatement(WhileStatementSyntax node)
    {
        var it = (WhileStatementSyntax)base.VisitWhileStatement(node)!;
        return it.WithStatement(Metered(it.Statement));
    }

    public override SyntaxNode VisitDoStatement(DoStatementSyntax node)
    {
        var it = (DoStatementSyntax)base.VisitDoStatement(node)!;
        return it.WithStatement(Metered(it.Statement));
    }

    public override SyntaxNode VisitForStatement(ForStatementSyntax node)
    {
        var it = (ForStatementSyntax)base.VisitForStatement(node)!;
        return it.WithStatement(Metered(it.Statement));
    }

    public override SyntaxNode VisitForEachStatement(ForEachStatementSyntax node)
    {
        var it = (ForEachStatementSyntax)base.VisitForEachStatement(node)!;
        return it.WithStatement(Metered(it.Statement));
    }

    public override SyntaxNode VisitForEachVariableStatement(ForEachVariableStatementSyntax node)
    {
        var it = (ForEachVariableStatementSyntax)base.VisitForEachVariableStatement(node)!;
        return it.WithStatement(Metered(it.Statement));
    }

    public override SyntaxNode VisitGotoStatement(GotoStatementSyntax node) => Metered(node);

    public override SyntaxNode VisitMethodDeclaration(MethodDeclarationSyntax node) =>
        Function(node, (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!);

    public override SyntaxNode VisitOperatorDeclaration(OperatorDeclarationSyntax node) =>
        Function(node, (OperatorDeclarationSyntax)base.VisitOperatorDeclaration(node)!);

    public override SyntaxNode VisitConversionOperatorDeclaration(ConversionOperatorDeclarationSyntax node) =>
        Function(node, (ConversionOperatorDeclarationSyntax)base.VisitConversionOperatorDeclaration(node)!);

    public override SyntaxNode VisitConstructorDeclaration(ConstructorDeclarationSyntax node) =>
        Function(node, (ConstructorDeclarationSyntax)base.VisitConstructorDeclaration(node)!);

    public override SyntaxNode VisitDestructorDeclaration(DestructorDeclarationSyntax node) =>
        Function(node, (DestructorDeclarationSyntax)base.VisitDestructorDeclaration(node)!);

    public override SyntaxNode VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
    {
        var it = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
        return it.ExpressionBody is { } arrow
            ? it.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Body(arrow.Expression, ReturnsNothing(model.GetDeclaredSymbol(node))))
            : it.WithBody(Metered(it.Body!));
    }

    public override SyntaxNode VisitAccessorDeclaration(AccessorDeclarationSyntax node)
    {
        var it = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;

        if (it.ExpressionBody is { } arrow)
            return it.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Body(arrow.Expression, ReturnsNothing(model.GetDeclaredSymbol(node))));

        return it.Body is { } body ? it.WithBody(Metered(body)) : it;
    }

    public override SyntaxNode VisitPropertyDeclaration(PropertyDeclarationSyntax node)
    {
        var it = (PropertyDeclarationSyntax)base.VisitPropertyDeclaration(node)!;
        return it.ExpressionBody is { } arrow ? it.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(Getter(arrow)) : it;
    }

    public override SyntaxNode VisitIndexerDeclaration(IndexerDeclarationSyntax node)
    {
        var it = (IndexerDeclarationSyntax)base.VisitIndexerDeclaration(node)!;
        return it.ExpressionBody is { } arrow ? it.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(Getter(arrow)) : it;
    }

    public override SyntaxNode VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node) =>
        Lambda(node, (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!);

    public override SyntaxNode VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node) =>
        Lambda(node, (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!);

    public override SyntaxNode VisitAnonymousMethodExpression(AnonymousMethodExpressionSyntax node)
    {
        var it = (AnonymousMethodExpressionSyntax)base.VisitAnonymousMethodExpression(node)!;
        return it.WithBlock(Metered(it.Block));
    }

    private BaseMethodDeclarationSyntax Function(BaseMethodDeclarationSyntax node, BaseMethodDeclarationSyntax it)
    {
        if (it.ExpressionBody is { } arrow)
            return it.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Body(arrow.Expression, ReturnsNothing(model.GetDeclaredSymbol(node))));

        return it.Body is { } body ? it.WithBody(Metered(body)) : it;
    }

    private LambdaExpressionSyntax Lambda(LambdaExpressionSyntax node, LambdaExpressionSyntax it)
    {
        if (it.Block is { } block)
            return it.WithBlock(Metered(block));

        // An expression tree is data, and cannot have statements.
        return model.GetTypeInfo(node).ConvertedType is { TypeKind: TypeKind.Delegate } && it.ExpressionBody is { } expression
            ? it.WithExpressionBody(null).WithBlock(Body(expression, ReturnsNothing(model.GetSymbolInfo(node).Symbol)))
            : it;
    }

    private static BlockSyntax Metered(StatementSyntax statement) =>
        statement is BlockSyntax block ? block.WithStatements(block.Statements.Insert(0, Step)) : SyntaxFactory.Block(Step, statement);

    private static BlockSyntax Metered(BlockSyntax block) => block.WithStatements(block.Statements.Insert(0, Step));

    private static BlockSyntax Body(ExpressionSyntax expression, bool returnsNothing) =>
        SyntaxFactory.Block(
            Step,
            expression is ThrowExpressionSyntax thrown ? SyntaxFactory.ThrowStatement(thrown.Expression)
                : returnsNothing ? SyntaxFactory.ExpressionStatement(expression)
                : SyntaxFactory.ReturnStatement(expression)
        );

    private static AccessorListSyntax Getter(ArrowExpressionClauseSyntax arrow) =>
        SyntaxFactory.AccessorList(
            SyntaxFactory.SingletonList(SyntaxFactory.AccessorDeclaration(SyntaxKind.GetAccessorDeclaration, Body(arrow.Expression, returnsNothing: false)))
        );

    private static bool ReturnsNothing(ISymbol? symbol) =>
        symbol is IMethodSymbol method && (method.ReturnsVoid || (method.IsAsync && method.ReturnType is INamedTypeSymbol { IsGenericType: false }));
}
